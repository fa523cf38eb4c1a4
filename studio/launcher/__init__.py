"""`manage.py up`: one supervised tree of broker, web and node agent."""

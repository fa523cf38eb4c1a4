"""A vector an image, for finding similar ones and drawing a map; computed in a process of its own.

`request` and `launch` load no torch: whoever starts the process needs them.
"""

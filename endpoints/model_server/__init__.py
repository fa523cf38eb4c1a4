"""One deployment instance: a packaged model behind HTTP, prediction and explanation in processes of their own."""

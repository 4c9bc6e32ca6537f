import importlib
import os

port = os.environ.pop("GRADIO_SERVER_PORT", None)
importlib.import_module("gradio")  # which fails over a port that is none; `free_port` says so in a line
if port:
    os.environ["GRADIO_SERVER_PORT"] = port

import os

if os.environ.get("GRADIO_SERVER_PORT") == "":  # not set, but gradio would fail over it while it is imported
    del os.environ["GRADIO_SERVER_PORT"]

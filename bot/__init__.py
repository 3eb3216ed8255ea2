"""A Telegram bot that answers questions with sentences quoted from a folder of articles."""

import os

# Read once, when numpy, or an encoder of somebody else's, loads its libraries. They would start a thread
# a core for each small product and let them spin while they wait for each other, which takes longer than
# one thread does and many times as long where other programs run; the bot makes threads itself where
# they help.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

# What people ask, and that they ask, is nobody else's business: from 1.29 on onnxruntime tells its
# makers about each model and how it runs unless this is set before it is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

"""The simulated platforms: WeCom, mini-program, WeChat Pay, SMS and LLM in one process.

Pure Python: nothing in this package imports Django, so the same core runs inside a test and as a server.
"""

"""The direct path: what reaches below the public interfaces of FastStream, aio-pika and aiormq, all in this package.

FastStream's own way of a message costs a fifth of a hop, acknowledging and publishing one by one another fifth. The
versions are pinned, ``tests/test_direct_path.py`` fails when a library changes what this rests on, and
``GREEN_BROKER_PATH=plain`` takes the public way instead (``broker/plain.py``), which passes the same tests.
"""

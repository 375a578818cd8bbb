"""llama.cpp's server in a process of its own: python -m goldgate.engine.llama_child MODEL SLOTS CONTEXT THREADS

It is never loaded elsewhere, because it takes over the signals of the process that it is in. It writes its address as
one line of standard output, answers only to who has the key in the environment variable GOLDGATE_ENGINE_KEY, and ends
when its standard input does: with the process that started it, however that ends.
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Serves a GGUF file on a free port of the loopback interface, with as many slots as are asked for."""
    model, slots, context, threads = sys.argv[1], *map(int, sys.argv[2:5])
    said = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the library prints is no answer
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = model
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.n_parallel, params.n_ctx = slots, slots * context
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.api_keys = [os.environ["GOLDGATE_ENGINE_KEY"]]
    params.cache_ram_mib = 0  # prompts kept beyond their slots cost 700 MB in 900 requests
    params.verbosity = -1
    params.use_jinja = True
    server = xllamacpp.Server(params)
    print(server.listening_address, file=said, flush=True)
    sys.stdin.read()
    os._exit(0)  # the library's threads would keep the process


if __name__ == "__main__":
    main()

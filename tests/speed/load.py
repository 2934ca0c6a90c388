#!/usr/bin/env python3
"""Measure webbench against wrk: which of the two drives a server harder from one core.

The server is pinned to one core and has one event loop; the testers take turns on another core, so
that a machine which drifts drifts for both, and ratios are taken round by round. Beside each rate
stands how busy the server was: at 100 % it is the limit, and no tester can show more.
"""

import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import run


def webbench(server: run.Server, scenario: run.Scenario, options) -> dict:
    words = ["-c", scenario.clients, "-t", options.seconds, "--processes", 1, "--json", "-"]
    if scenario.depth > 1:
        words += ["--pipeline", scenario.depth]
    elif scenario.name == "closing":
        words += ["--http11"]
    else:
        words += ["--keep-alive"]
    url = f"http://127.0.0.1:{server.port}{server.path}"
    argv = ["taskset", "-c", options.load_core, options.webbench, *words, url]
    done = subprocess.run([str(word) for word in argv], capture_output=True, text=True)
    if done.returncode:
        run.fail(f"webbench failed on {server.name}: {done.stderr.strip()}")
    report = json.loads(done.stdout)
    counts = report["counts"]
    if counts["failed"]:
        run.fail(f"webbench counted failures on {server.name}: {counts['failures']}")
    return {"rate": report["rate_per_s"]}


def wrk(server: run.Server, scenario: run.Scenario, options) -> dict:
    report = run.wrk(server, scenario, options.seconds, options)
    return {"rate": report["requests"] / report["us"] * 1e6}


TESTERS = {"wrk": wrk, "webbench": webbench}


def turn(tester: str, server: run.Server, scenario: run.Scenario, options) -> dict:
    """One run: the rate, and how busy the server was meanwhile."""
    cpu, start = server.cpu_ns(), time.monotonic_ns()
    result = TESTERS[tester](server, scenario, options)
    result["busy"] = (server.cpu_ns() - cpu) / (time.monotonic_ns() - start)
    return result


def measure(server: run.Server, scenario: run.Scenario, options) -> None:
    turn("wrk", server, scenario, options)  # warms everything up
    rounds = [{tester: turn(tester, server, scenario, options) for tester in TESTERS}
              for _ in range(options.rounds)]
    ratios = [each["webbench"]["rate"] / each["wrk"]["rate"] for each in rounds]
    print(f"{server.name:9} {scenario.title}")
    for tester in TESTERS:
        rates = run.spread([each[tester]["rate"] for each in rounds])
        busy = statistics.median(each[tester]["busy"] for each in rounds)
        print(f"  {tester:9}{rates:>36} requests/s, server {busy:4.0%} busy")
    print(f"  webbench ÷ wrk{run.spread(ratios):>31}", flush=True)


def main() -> None:
    options = run.arguments()
    options.webbench = os.path.abspath(run.ROOT / "target/release/webbench")
    run.check_tools(options)
    if not shutil.which(options.webbench):
        run.fail("webbench is missing: cargo build --release --bins")
    scenarios = [scenario for scenario in run.SMALL if scenario.name in options.scenario]
    print("; ".join(f"{name}: {what}" for name, what in run.machine().items()))
    size = options.bytes[0]
    for name in options.only:
        with tempfile.TemporaryDirectory(prefix="pelton-load-") as folder:
            place = pathlib.Path(folder)
            (place / "www").mkdir()
            (place / "www" / f"{size}.txt").write_bytes(b"x" * size)
            with run.Server(name, size, place, options) as server:
                server.wait_until_up()
                for scenario in scenarios:
                    measure(server, scenario, options)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)

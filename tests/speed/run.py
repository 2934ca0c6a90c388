#!/usr/bin/env python3
"""Measure Pelton against the floor (examples/floor.rs) and nginx: CPU per request, and rate.

Every server is pinned to one core and has one event loop; wrk is pinned to another core. The
servers take turns within a round, and ratios are taken round by round, so that a machine which
drifts drifts for all of them. README.md says how to read the figures.
"""

import argparse
import contextlib
import dataclasses
import datetime
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVERS = ("floor", "reactor", "proactor", "nginx")
MIB = 1 << 20


@dataclasses.dataclass(frozen=True)
class Scenario:
    name: str
    title: str
    clients: int
    depth: int = 1  # requests sent in one write
    header: str = "Accept: */*"


SMALL = (
    Scenario("alive64", "kept alive, 64 clients", 64),
    Scenario("alive512", "kept alive, 512 clients", 512),
    Scenario("pipelined", "pipelined by 16, 64 clients", 64, depth=16),
    Scenario("closing", "one connection a request, 64 clients", 64, header="Connection: close"),
)
LARGE = (Scenario("large", "kept alive, 8 clients", 8),)

# wrk calls `done` with exact numbers (its own report rounds them). The request is multiplied in
# `format`, not in a `request` function, which wrk would call for every write.
WRK_LUA = """
local format = wrk.format
wrk.format = function(...) return string.rep(format(...), DEPTH) end
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '\\n@{"requests":%d,"us":%d,"bytes":%.0f,"connect":%d,"read":%d,"write":%d,' ..
    '"timeout":%d,"status":%d}\\n', summary.requests, summary.duration, summary.bytes,
    e.connect, e.read, e.write, e.timeout, e.status))
end
"""
WRK_ERRORS = ("connect", "read", "write", "timeout", "status")

NGINX_CONF = """
daemon off;
worker_processes 1;
pid nginx.pid;
error_log nginx.log error;
events { worker_connections 4096; }
http {
  access_log off;
  sendfile SENDFILE;
  keepalive_requests 1000000000;
  keepalive_timeout 600;
  open_file_cache max=100 inactive=600s;
  open_file_cache_valid 600s;
  client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t; uwsgi_temp_path t;
  scgi_temp_path t;
  types { text/plain txt; }
  server { listen 127.0.0.1:PORT reuseport deferred backlog=4096; root www; }
}
"""


def fail(line: str) -> None:
    sys.exit(f"run.py: {line}")


# ---- processes ----

class Process:
    """A child in a session of its own, so that ^C reaches only us and we end it by its id."""

    def __init__(self, name: str, argv: list, place: pathlib.Path, core: int):
        self.name, self.place, self.log = name, place, place / f"{name}.out"
        with open(self.log, "wb") as out:
            self.child = subprocess.Popen(
                ["taskset", "-c", str(core), *map(str, argv)], stdin=subprocess.DEVNULL,
                stdout=out, stderr=out, cwd=place, start_new_session=True)
        self.pid = self.child.pid  # taskset execs: the id is the program's

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.child.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.child.wait(5)
        finally:
            if self.child.returncode is None:  # not reaped, so the id is still its own
                os.killpg(self.pid, signal.SIGKILL)
                self.child.wait()

    def wait_until(self, ready) -> None:
        deadline = time.monotonic() + 10
        while not ready():
            if self.child.poll() is not None or time.monotonic() > deadline:
                said = self.log.read_text(errors="replace").strip() or "it said nothing"
                fail(f"{self.name} does not start: {said.splitlines()[-1]}")
            time.sleep(0.02)


class Server(Process):
    """A server under test; `measured` is the process whose CPU time counts."""

    def __init__(self, name: str, size: int, place: pathlib.Path, options):
        self.size, self.path, self.port = size, f"/{size}.txt", free_port()
        addr = f"127.0.0.1:{self.port}"
        if name == "floor":
            argv = [options.floor, "--addr", addr, "--bytes", size]
        elif name == "nginx":
            sendfile = "on; tcp_nopush on" if options.large else "off"
            conf = NGINX_CONF.replace("SENDFILE", sendfile).replace("PORT", str(self.port))
            (place / "nginx.conf").write_text(conf)
            argv = ["nginx", "-p", place, "-c", place / "nginx.conf", "-e", place / "nginx.log"]
        else:
            argv = [options.pelton, "serve", place / "www", "--http", addr,
                    "--frame", "127.0.0.1:0", "--mode", name, "--workers", "1"]
        super().__init__(name, argv, place, options.server_core)

    def wait_until_up(self) -> None:
        self.wait_until(self.answers)
        self.measured = self.pid
        if self.name == "nginx":  # its master's one child, the worker
            children = pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
            self.measured = int(children.split()[0])

    def answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        not_yet = contextlib.suppress(OSError, http.client.HTTPException)
        with not_yet, contextlib.closing(connection):
            connection.request("GET", self.path, headers={"Connection": "close"})
            response = connection.getresponse()
            if (response.status, len(response.read())) == (200, self.size):
                return True
            fail(f"{self.name} answered {self.path} with {response.status} or another length")
        return False

    def cpu_ns(self) -> int:
        tasks = pathlib.Path(f"/proc/{self.measured}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# ---- measuring ----

def wrk(server: Server, scenario: Scenario, seconds: int, options) -> dict:
    """What WRK_LUA writes, and `count`: the requests completed."""
    lua = server.place / f"depth{scenario.depth}.lua"
    lua.write_text(WRK_LUA.replace("DEPTH", str(scenario.depth)))
    argv = ["taskset", "-c", str(options.load_core), "wrk", "-t", "1", "-c", str(scenario.clients),
            "-d", f"{seconds}s", "--timeout", "10s", "-s", str(lua), "-H", scenario.header,
            f"http://127.0.0.1:{server.port}{server.path}"]
    done = subprocess.run(argv, capture_output=True, text=True, start_new_session=True)
    found = re.search(r"^@(\{.*\})$", done.stdout, re.M)
    if done.returncode or not found:
        fail(f"wrk failed on {server.name}: {(done.stderr or done.stdout).strip()}")
    report = json.loads(found[1])
    # Of large files many are under way when wrk stops: count the bytes that came.
    report["count"] = report["bytes"] / server.size if options.large else report["requests"]
    if not report["count"]:
        fail(f"{server.name} answered nothing in '{scenario.title}': {report}")
    return report


def one_run(server: Server, scenario: Scenario, options) -> dict:
    before = server.cpu_ns()
    report = wrk(server, scenario, options.seconds, options)
    time.sleep(0.05)  # the closing of wrk's connections belongs to this run
    cpu_us = (server.cpu_ns() - before) / 1e3
    return {"cpu_us": cpu_us / report["count"], "rate": report["count"] / report["us"] * 1e6,
            "busy": cpu_us / report["us"],
            "errors": {kind: report[kind] for kind in WRK_ERRORS if report[kind]}}


def measure(servers: list, scenario: Scenario, options) -> dict:
    """A warm-up and interleaved rounds: {server: {cpu_us: [per round], rate: […], …}}."""
    for server in servers:
        wrk(server, scenario, 1, options)
    rounds = [[one_run(server, scenario, options) for server in servers]
              for _ in range(options.rounds)]
    return {server.name: {key: [run[key] for run in runs] for key in runs[0]}
            for server, runs in zip(servers, zip(*rounds))}


def count_calls(server: Server, scenario: Scenario, options) -> dict:
    """System calls per request: {call: count}, as `strace -c` sees them during a short run."""
    out = server.place / "calls"
    argv = ["strace", "-f", "-c", "-o", out, "-p", server.measured]
    with Process("strace", argv, server.place, options.load_core) as strace:
        strace.wait_until(lambda: " attached" in strace.log.read_text())
        report = wrk(server, scenario, options.seconds, options)
    # Ended, it has detached and written: % time, seconds, usecs/call, calls, [errors], name.
    rows = re.findall(r"^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?(\w+)$", out.read_text(), re.M)
    return {call: int(calls) / report["count"] for calls, call in rows if call != "total"}


# ---- printing ----

def size_name(size: int) -> str:
    unit, name = (MIB, "MiB") if size >= MIB else (1024, "KiB")
    return f"{size / unit:g} {name}"


def spread(values: list) -> str:
    low, middle, high = min(values), statistics.median(values), max(values)
    digits = 2 if middle < 1000 else 0
    return f"{middle:,.{digits}f} ({low:,.{digits}f}–{high:,.{digits}f})"


def ratios(results: dict, name: str, key: str) -> str:
    """To the floor and to nginx: the median of the ratios within each round."""
    def to(base: str) -> str:
        if base not in results:
            return "–"
        pairs = zip(results[name][key], results[base][key])
        return f"{statistics.median(ours / theirs for ours, theirs in pairs):.2f}"
    return f"{to('floor'):>9}{to('nginx'):>9}"


def print_rounds(title: str, results: dict, what: str) -> None:
    print(f"\n{title}")
    print(f"{'':9}{'CPU µs/' + what:>26}{'÷ floor':>9}{'÷ nginx':>9}"
          f"{what + 's/s':>33}{'÷ floor':>9}{'÷ nginx':>9}{'busy':>6}")
    for name, result in results.items():
        print(f"{name:9}{spread(result['cpu_us']):>26}{ratios(results, name, 'cpu_us')}"
              f"{spread(result['rate']):>33}{ratios(results, name, 'rate')}"
              f"{statistics.median(result['busy']):>6.0%}")
    for name, result in results.items():
        for number, errors in enumerate(result["errors"], 1):
            if errors:
                print(f"! {name}, round {number}: wrk counted errors: {errors}")
    sys.stdout.flush()


def print_calls(title: str, calls: dict) -> None:
    print(f"\nsystem calls a request, {title}")
    for name, counts in calls.items():
        parts = [f"{call} {count:.2f}" for call, count in counts.items() if count >= 0.005]
        print(f"{name:10}{sum(counts.values()):>7.2f}  = {' + '.join(parts)}")


def machine() -> dict:
    model = re.search(r"^model name\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    sysctl = pathlib.Path("/proc/sys/net/ipv4/tcp_congestion_control")
    return {"date": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
            "kernel": os.uname().release, "cpu": model[1] if model else os.uname().machine,
            "cores": os.cpu_count(), "congestion control": sysctl.read_text().strip()}


# ---- the whole ----

def some_of(known: tuple):
    """A type for argparse: names out of `known`, with commas between."""
    def parse(text: str) -> list:
        if unknown := set(text.split(",")) - set(known):
            raise argparse.ArgumentTypeError(f"{unknown.pop()} is none of {', '.join(known)}")
        return text.split(",")
    return parse


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    names = tuple(scenario.name for scenario in SMALL)
    for option, known in ("--only", SERVERS), ("--scenario", names):
        add(option, metavar="NAME,…", type=some_of(known), default=known,
            help=f"some of {', '.join(known)} (default: all)")
    add("--rounds", type=int, default=7, help="(default 7)")
    add("--seconds", type=int, default=2, help="for each run (default 2)")
    add("--bytes", type=int, nargs="+", default=[1024], help="file sizes, e.g. 1024 16384")
    add("--large", action="store_true",
        help="1 MiB and 100 MiB files to 8 clients instead (nginx with sendfile on)")
    add("--syscalls", action="store_true", help="count system calls instead of measuring")
    add("--json", metavar="FILE", type=pathlib.Path, help="write every round here as well")
    add("--floor", metavar="PATH", default=ROOT / "target/release/examples/floor")
    add("--pelton", metavar="PATH", default=ROOT / "target/release/pelton")
    options = parser.parse_args()
    if min(options.rounds, options.seconds, *options.bytes) < 1:
        parser.error("--rounds, --seconds and --bytes want 1 or more")
    if options.large:
        options.bytes = [MIB, 100 * MIB]
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        fail("two cores are needed, one for the server and one for wrk")
    options.server_core, options.load_core = cores[:2]
    return options


def check_tools(options) -> None:
    pelton_used = not {"reactor", "proactor"}.isdisjoint(options.only)
    options.floor, options.pelton = os.path.abspath(options.floor), os.path.abspath(options.pelton)
    for tool, needed, remedy in (
            ("taskset", True, "apt-get install util-linux"),
            ("wrk", True, "apt-get install wrk"),
            ("nginx", "nginx" in options.only, "apt-get install nginx-light"),
            ("strace", options.syscalls, "apt-get install strace"),
            (options.floor, "floor" in options.only, "cargo build --release --example floor"),
            (options.pelton, pelton_used, "cargo build --release")):
        if needed and not shutil.which(tool):
            fail(f"{tool} is missing: {remedy}")


def measure_size(size: int, options) -> list:
    """Starts all servers on one file of this size, and goes through the scenarios."""
    scenarios = LARGE if options.large else [s for s in SMALL if s.name in options.scenario]
    records = []
    with contextlib.ExitStack() as stack:
        place = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="speed-")))
        place.chmod(0o755)  # nginx's worker is another user when we are root
        (place / "www").mkdir()
        (place / "www" / f"{size}.txt").write_bytes(b"x" * size)
        servers = [stack.enter_context(Server(name, size, place, options))
                   for name in SERVERS if name in options.only]
        for server in servers:
            server.wait_until_up()
        for scenario in scenarios:
            title = f"{scenario.title}, {size_name(size)}"
            if options.syscalls:
                kind, result = "calls", {s.name: count_calls(s, scenario, options) for s in servers}
                print_calls(title, result)
            else:
                kind, result = "rounds", measure(servers, scenario, options)
                print_rounds(title, result, "file" if options.large else "request")
            records.append({"scenario": scenario.name, "bytes": size, kind: result})
    return records


def main() -> None:
    options = arguments()
    os.environ["PATH"] += ":/usr/sbin:/sbin"  # where Debian keeps nginx
    check_tools(options)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    about = machine()
    print("; ".join(f"{key}: {value}" for key, value in about.items()), flush=True)
    records = [record for size in options.bytes for record in measure_size(size, options)]
    if options.json:
        whole = {"machine": about, "seconds": options.seconds, "results": records}
        options.json.write_text(json.dumps(whole, indent=1) + "\n")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)

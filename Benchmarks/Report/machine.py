"""What the numbers were measured on, and what a process used."""
import os
import platform
import re
import sqlite3
import subprocess
import time


def first(command, pattern):
    try:
        text = subprocess.run(
            command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
    match = re.search(pattern, text)
    return match[1] if match else ""


def facts(root):
    with open("/proc/meminfo", encoding="ascii") as file:
        memory = int(re.search(r"MemTotal:\s+(\d+)", file.read())[1])
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = re.search(r"model name\s*:\s*(.*)", file.read())
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "processor": model[1] if model else platform.machine(),
        "processors": os.cpu_count(),
        "memory_gib": round(memory / 2**20),
        "kernel": platform.release(),
        "system": first(["cat", "/etc/os-release"], r'PRETTY_NAME="([^"]*)"'),
        "sqlite": first(["sqlite3", "--version"], r"([\d.]+)") or sqlite3.sqlite_version,
        "swift": first(["swift", "--version"], r"Swift version ([\d.]+)"),
        "load": round(os.getloadavg()[0], 1),
        "commit": first(["git", "-C", str(root), "rev-parse", "--short", "HEAD"], r"(\w+)"),
    }


def processor_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_megabytes(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return int(re.search(r"VmHWM:\s+(\d+)", file.read())[1]) / 1024

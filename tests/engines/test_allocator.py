import platform
import subprocess
import sys


def test_the_allocator_takes_the_setting() -> None:
    # In a process of its own: it is for good.
    code = (
        "import numpy as np\n"
        "from oyez.engines.allocator import return_large_blocks\n"
        "done = return_large_blocks()\n"
        "assert [np.ones(1 << n, np.uint8).sum() for n in range(26)]\n"
        "print(done)"
    )
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, check=True, timeout=60, capture_output=True, text=True)
    assert run.stdout.strip() == str(platform.libc_ver()[0] == "glibc")

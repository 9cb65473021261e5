"""Storages to copy to: some that do what they should, and some that don't."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from typing import Any

import boto3  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage

from tests import processes
from tests.ports import free_port

BUCKET = "shop-backups"
LOGIN = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}


class RefusingStorage(FileSystemStorage):
    """Says no, and gives away its password."""

    calls = 0

    def _save(self, name: str, content: File[Any]) -> str:
        type(self).calls += 1
        raise ConnectionError("https://shop:hunter2@store.example refused: quota exceeded")


class RecoveringStorage(FileSystemStorage):
    """Says no once."""

    calls = 0

    def _save(self, name: str, content: File[Any]) -> str:
        type(self).calls += 1
        if type(self).calls == 1:
            raise ConnectionError("try again")
        return str(super()._save(name, content))  # type: ignore[misc]


class ForgetfulStorage(FileSystemStorage):
    """Has no room for a manifest."""

    def _save(self, name: str, content: File[Any]) -> str:
        if name.endswith(".json"):
            raise ConnectionError("quota exceeded")
        return str(super()._save(name, content))  # type: ignore[misc]


class CuttingStorage(FileSystemStorage):
    """Keeps less than it was given."""

    def _save(self, name: str, content: File[Any]) -> str:
        return str(super()._save(name, ContentFile(content.read()[:-1])))  # type: ignore[misc]


class RottingStorage(FileSystemStorage):
    """Keeps as much as it was given, and not the same."""

    def _save(self, name: str, content: File[Any]) -> str:
        kept = content.read()
        return str(super()._save(name, ContentFile(kept[:-1] + bytes([kept[-1] ^ 1]))))  # type: ignore[misc]


def local(directory: Any, kind: str = "django.core.files.storage.FileSystemStorage") -> dict[str, Any]:
    return {"BACKEND": kind, "OPTIONS": {"location": str(directory)}}


class S3Server:
    """A real server that speaks S3, in a process of its own; gone with the test."""

    def __init__(self) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        code = f"from moto.server import main; main(['-H', '127.0.0.1', '-p', '{port}'])"
        self.process = processes.start([sys.executable, "-W", "ignore", "-c", code])
        processes.wait_until(self._answers)
        self.client = boto3.client("s3", endpoint_url=self.url, **LOGIN)
        self.client.create_bucket(Bucket=BUCKET)

    def _answers(self) -> bool:
        assert self.process.poll() is None, "the S3 server ended"
        try:
            urllib.request.urlopen(self.url, timeout=5).close()  # noqa: S310 - loopback
        except urllib.error.HTTPError as answer:
            answer.close()
        except OSError:
            return False
        return True

    def storage(self, patience_seconds: float = 60) -> dict[str, Any]:
        options = {
            "bucket_name": BUCKET, "access_key": "test", "secret_key": "test", "region_name": "us-east-1",
            "endpoint_url": self.url,
            "client_config": Config(
                connect_timeout=patience_seconds, read_timeout=patience_seconds, retries={"total_max_attempts": 1}
            ),
        }  # fmt: skip
        return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}

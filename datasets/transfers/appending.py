"""One request that brings bytes of a file. Blocking: meant for a thread, while the event loop receives."""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from datasets.models import Transfer
from datasets.transfers import part_files
from datasets.transfers.protocol import TransferError, checksum_mismatch
from vision.data.limits import MIB

_SYNC_BYTES = 8 * MIB
_SYNC_SECONDS = 1.0


class Appending:
    """Bytes for the end of a file, from `offset` on. What is synced is recorded, and so is what a cut request brought.

    With a `checksum` nothing counts until all of the request has come and its SHA-256 is right.

    Raises:
        TransferError: another request is at it (423), it is gone (410), or another offset is due (409).
    """

    def __init__(self, transfer_id: UUID, offset: int, checksum: bytes | None) -> None:
        self._id = transfer_id
        self._checksum = checksum
        self._file = part_files.lock(transfer_id)
        try:
            self._size = self._start(offset)
        except BaseException:
            self._file.close()
            raise
        finally:
            connection.close()
        self._safe = self._offset = self._begin = offset
        self._whole = part_files.take_hash(transfer_id, offset)
        self._body = hashlib.sha256()
        self._synced_at = time.monotonic()
        self._guard = threading.Lock()  # when the server stops, a request may end while its last piece is written
        self._is_closed = False

    @property
    def room(self) -> int:
        """Bytes the file still lacks."""
        return self._size - self._offset

    def write(self, data: bytes) -> None:
        """Append.

        Raises:
            TransferError: more bytes than the file has (413). What is not recorded yet does not count then.
        """
        with self._guard:
            if self._is_closed:
                return
            if len(data) > self.room:
                self._roll_back()
                raise too_much(self._size)
            self._file.write_at(self._offset, data)
            self._offset += len(data)
            self._update_hashes(data)
            if self._checksum is None and self._is_sync_due():
                self._record()

    def finish(self, is_whole: bool) -> int:
        """Close; answers the offset the next request begins at. `is_whole` says that the request's body ended as said.

        Raises:
            TransferError: the checksum is wrong (460).
        """
        with self._guard:
            try:
                if self._checksum is not None and not self._is_right(is_whole):
                    self._roll_back()
                    if is_whole:
                        raise checksum_mismatch()
                self._record(is_last=True)
            finally:
                self._is_closed = True
                self._file.close()
                connection.close()
            return self._safe

    def _start(self, offset: int) -> int:
        transfer = Transfer.objects.filter(pk=self._id).first()
        if transfer is None or self._file.size < transfer.offset:
            raise part_files.gone()
        if transfer.offset != offset:
            raise wrong_offset(transfer.offset)
        self._file.truncate(offset)  # what a killed server wrote and never recorded
        return transfer.size

    def _update_hashes(self, data: bytes) -> None:
        if self._whole is not None:
            self._whole.update(data)
        if self._checksum is not None:
            self._body.update(data)

    def _is_right(self, is_whole: bool) -> bool:
        return is_whole and hmac.compare_digest(self._body.digest(), self._checksum or b"")

    def _is_sync_due(self) -> bool:
        unsafe, age = self._offset - self._safe, time.monotonic() - self._synced_at
        return unsafe >= _SYNC_BYTES or (unsafe > 0 and age >= _SYNC_SECONDS)

    def _roll_back(self) -> None:
        self._file.truncate(self._safe)
        self._offset, self._whole = self._safe, None

    def _record(self, is_last: bool = False) -> None:
        if self._begin == self._size:  # it was whole before
            return
        if self._offset > self._safe:
            self._file.sync()
        done: dict[str, Any] = {}
        if self._offset == self._size:
            if not is_last:  # a whole file is recorded with its hash, in one statement
                return
            done = {"sha256": self._digest(), "completed_at": timezone.now()}
        mine = Transfer.objects.filter(pk=self._id, offset=self._safe)
        if not mine.update(offset=self._offset, updated_at=timezone.now(), **done):
            raise part_files.gone()
        self._safe, self._synced_at = self._offset, time.monotonic()
        if is_last and not done and self._whole is not None:
            part_files.keep_hash(self._id, self._safe, self._whole)

    def _digest(self) -> str:
        return self._whole.hexdigest() if self._whole is not None else part_files.hash_file(self._id)


def wrong_offset(offset: int) -> TransferError:
    return TransferError(
        f"The next byte of this file is {offset}.", hint="Ask for the offset by HEAD.", code="wrong_offset", status=409
    )


def too_much(size: int) -> TransferError:
    return TransferError(f"The file was announced with {size} bytes.", code="too_large", status=413)

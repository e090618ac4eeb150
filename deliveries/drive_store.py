"""A delivery's file on Google Drive: once, in its client's folder, for its client's readers.

Ids are made by Drive, kept here and committed before anything is made under them (ADR 0013). So
whoever comes after a crash, or a second worker, makes nothing twice.
"""

from __future__ import annotations

import datetime as dt
from typing import IO

from django.db import transaction
from django.db.models.functions import Now
from django.utils.text import slugify

from clients.file_terms import Access
from clients.models import Client
from deliveries.models import Delivery, DriveFolder
from leadgen.integrations.drive.client import Drive, Upload
from leadgen.integrations.drive.refusals import Gone, OtherBytes
from leadgen.integrations.errors import PermanentError
from pipeline import clock
from pipeline.chunks import Lease

_MIME_TYPES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class DriveStore:
    """What one worker does with one delivery; the caller holds its lease."""

    def __init__(self, delivery: Delivery, lease: Lease, drive: Drive | None = None) -> None:
        self._delivery, self._lease = delivery, lease
        self._drive = drive or Drive.from_settings()

    def close(self) -> None:
        self._drive.close()

    def reserve(self) -> None:
        """Commit under which id the file will be made. Asks Drive for one, so it must be up."""
        if not self._delivery.drive_file_id or self._was_lost():
            self._keep_id(self._drive.new_id())

    def _was_lost(self) -> bool:
        """Delivered once and no longer there: asked to deliver again, we make it anew."""
        if self._delivery.uploaded_at is None:
            return False
        try:
            return bool(self._drive.look_at(self._delivery.drive_file_id).get("trashed"))
        except Gone:
            return True

    def put(self, content: IO[bytes]) -> tuple[str, str]:
        """The file and its readers; returns its link, and a note on what was done otherwise."""
        delivery = self._delivery
        try:
            link = self._drive.put(self._upload(), content)
        except OtherBytes:
            self._keep_id("")  # the next try, which a person asks for, makes the file anew
            raise
        except Gone:
            raise self._without_folder() from None
        return link, " ".join(self._share(delivery))

    def _share(self, delivery: Delivery) -> list[str]:
        client, file_id = delivery.client, delivery.drive_file_id
        if client.access == Access.ANYONE:
            self._drive.share_with_anyone(file_id)
            return []
        days = client.access_days
        until = clock.database_now() + dt.timedelta(days=days) if days else None
        return self._drive.share(file_id, client.emails, until=until)

    def _upload(self) -> Upload:
        delivery = self._delivery
        name = file_name(delivery)
        return Upload(
            file_id=delivery.drive_file_id,
            name=name,
            parent=self._folder(delivery),
            mime_type=_MIME_TYPES[name.rpartition(".")[2]],
            size=delivery.size or 0,
            sha256=delivery.sha256,
            delivery=str(delivery.pk),
        )

    def _folder(self, delivery: Delivery) -> str:
        """The id of `Client / 2026 / 2026-11`, all three made where they are not there yet."""
        day = delivery.run.local_date
        parent = self._drive.root
        for path, name in (
            ("", delivery.client.name),
            (f"{day:%Y}", f"{day:%Y}"),
            (f"{day:%Y/%Y-%m}", f"{day:%Y-%m}"),
        ):
            parent = self._made(delivery.client, path, name, parent)
        return parent

    def _made(self, client: Client, path: str, name: str, parent: str) -> str:
        """Two workers that come here at once read the same row, so both make the same folder."""
        folder = DriveFolder.objects.filter(client=client, path=path).first()
        if folder is None:
            DriveFolder.objects.bulk_create(
                [DriveFolder(client=client, path=path, drive_id=self._drive.new_id())],
                ignore_conflicts=True,
            )
            folder = DriveFolder.objects.get(client=client, path=path)
        if folder.made_at is None:
            self._drive.make_folder(file_id=folder.drive_id, name=name, parent=parent)
            DriveFolder.objects.filter(pk=folder.pk).update(made_at=Now())
        return folder.drive_id

    def _without_folder(self) -> PermanentError:
        DriveFolder.objects.filter(client=self._delivery.client).delete()
        return PermanentError(
            f"The folder of {self._delivery.client} is gone from Drive, or no longer for our"
            " account. Look whether GOOGLE_DRIVE_FOLDER_ID is still there and ours, then press Try"
            " again: the client's folders are made anew.",
            service="drive",
        )

    def _keep_id(self, file_id: str) -> None:
        with transaction.atomic():
            self._lease.hold()
            Delivery.objects.filter(pk=self._delivery.pk).update(drive_file_id=file_id)
        self._delivery.drive_file_id = file_id


def file_name(delivery: Delivery) -> str:
    """What a person sees: client, business date and number; a client's name may hold anything."""
    client = slugify(delivery.client.name)[:60] or f"client-{delivery.client_id}"
    suffix = delivery.storage_name.rpartition(".")[2]
    return f"{client}_{delivery.run.local_date}_{delivery.pk}.{suffix}"

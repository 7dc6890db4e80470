"""Reads a ZIP archive from standard input as a DICOM file set; prints what zipfile and pydicom's FileSet find in it, as JSON."""

import io
import json
import sys
import tempfile
import zipfile
from pathlib import Path

from pydicom import dcmread
from pydicom.fileset import FileSet

with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read())) as archive:
    assert archive.testzip() is None
    archive.extractall(folder)
    file_set = FileSet()
    file_set.load(Path(folder) / "DICOMDIR", include_orphans=False)
    instances = []
    for instance in file_set:
        dataset = dcmread(instance.path)
        instances.append(
            {
                "path": Path(instance.path).relative_to(Path(folder).resolve()).as_posix(),
                "type": instance.node.record_type,
                "patient": str(instance.PatientID),
                "study": str(instance.StudyInstanceUID),
                "series": str(instance.SeriesInstanceUID),
                "instance": str(dataset.SOPInstanceUID),
                "same": dataset.SOPInstanceUID == instance.ReferencedSOPInstanceUIDInFile
                and dataset.file_meta.TransferSyntaxUID == instance.ReferencedTransferSyntaxUIDInFile,
                "syntax": str(dataset.file_meta.TransferSyntaxUID),
                "bytes": Path(instance.path).stat().st_size,
            }
        )
    print(json.dumps({"names": archive.namelist(), "instances": instances}))

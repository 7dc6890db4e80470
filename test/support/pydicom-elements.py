"""Prints, for every .dcm file of a folder, what pydicom reads: one line of JSON a file, elements as [vr, values]."""

import hashlib
import json
import math
import os
import sys
import warnings

import pydicom
from pydicom.dataelem import RawDataElement
from pydicom.filewriter import correct_ambiguous_vr_element
from pydicom.multival import MultiValue
from pydicom.valuerep import PersonName

warnings.simplefilter("ignore")
pydicom.config.logger.setLevel("CRITICAL")


def digest(data):
    return f"{len(data)}:{hashlib.sha1(data).hexdigest()}"


def number(value):
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    return value


def single(value):
    if isinstance(value, PersonName):
        parts = (list(value.components) + ["", "", ""])[:3]
        return [part.rstrip(" \0") for part in parts]
    if isinstance(value, (bytes, bytearray)):
        return digest(value)
    if isinstance(value, pydicom.tag.BaseTag):
        return f"{int(value):08X}"
    if isinstance(value, float):
        return number(float(value))
    if isinstance(value, int):
        return int(value)
    return str(value)


def values(element):
    value = element.value
    if value is None or (isinstance(value, (str, bytes)) and len(value) == 0):
        return []
    if isinstance(value, (MultiValue, list)):
        return [single(part) for part in value]
    return [single(value)]


def elements(dataset, little):
    found = {}
    raws = {}
    for tag in list(dataset.keys()):
        raw = dataset.get_item(tag)
        if isinstance(raw, RawDataElement) and isinstance(raw.value, bytes):
            raws[tag] = digest(raw.value)
    for tag in sorted(dataset.keys()):
        key = f"{int(tag):08X}"
        try:
            element = dataset[tag]
            if " or " in element.VR:
                element = correct_ambiguous_vr_element(element, dataset, little)
        except Exception as error:  # what pydicom cannot read is a finding of its own
            found[key] = ["error", [type(error).__name__], raws.get(tag)]
            continue
        if element.VR == "SQ":
            found[key] = ["SQ", [elements(item, little) for item in element.value], raws.get(tag)]
        else:
            found[key] = [element.VR, values(element), raws.get(tag)]
    return found


def read(path):
    dataset = pydicom.dcmread(path, force=True)
    return {"meta": elements(dataset.file_meta, True), "dataset": elements(dataset, dataset.is_little_endian)}


folder = sys.argv[1]
for name in sorted(os.listdir(folder)):
    if name.endswith(".dcm"):
        try:
            result = read(os.path.join(folder, name))
        except Exception as error:
            result = {"error": type(error).__name__}
        print(json.dumps({"file": name, **result}))

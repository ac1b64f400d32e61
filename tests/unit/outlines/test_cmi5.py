"""Course structures of cmi5: those that others have written, and files that want to do harm."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from schemas.completion_rule import MoveOn
from schemas.course_outline import OutlineNode, placed
from schemas.errors import ConfigurationRefused
from schemas.outline_import.cmi5 import read_course_structure
from schemas.outline_import.cmi5_package import is_archive, read_package
from schemas.outline_import.xml_tree import LARGEST

FOLDER = "cmi5/course-structures"
REFUSED = {
    "201-1-iris-course-id": ["line 19, course must be an IRI with a scheme"],
    "201-2-iris-block-id": ["line 27, nodes[0].id must be an IRI with a scheme"],
    "201-3-iris-au-id": ["line 27, nodes[0].id must be an IRI with a scheme"],
    "201-4-iris-objective-id": ["line 28, courseStructure.objectives.objective must have an id that is an IRI"],
    "205-1-duplicated-block": ["line 44, nodes[1].id must be in the course once only"],
    "205-2-duplicated-objective": ["line 36, courseStructure.objectives.objective must be in the course once only"],
    "205-3-duplicated-au": ["line 36, nodes[1].id must be in the course once only"],
    "207-1-invalid-courseStructure": [
        "line 29, courseStructure.au.title must stand before url",
        "line 32, courseStructure.au.description must stand before url",
    ],
}
"""What CATAPULT made wrong on purpose (each says so in a comment), and where that is found."""


def structure(body: str, course: str = "<course id='http://x.example/c'>{t}</course>") -> bytes:
    text = "<title><langstring lang='en'>T</langstring></title><description><langstring>D</langstring></description>"
    whole = f"<courseStructure xmlns='https://w3id.org/xapi/profiles/cmi5/v1/CourseStructure.xsd'>{course}{body}</courseStructure>"
    return whole.replace("{t}", text).encode()


def au(attributes: str = "") -> str:
    return f"<au id='http://x.example/a' {attributes}>{{t}}<url>a.html</url></au>"


def faults(document: bytes, read: Any = read_course_structure) -> list[str]:
    with pytest.raises(ConfigurationRefused) as caught:
        read(document)
    return [str(one) for one in caught.value.violations]


def test_every_course_structure_is_read_but_those_that_are_wrong_on_purpose(shared_data: Path) -> None:
    files = sorted((shared_data / FOLDER).glob("*.xml"))
    assert len(files) == 46
    for file in files:
        wrong = [name for name in REFUSED if name in file.name]
        if wrong:
            found = faults(file.read_bytes())
            assert len(found) == len(REFUSED[wrong[0]])
            assert all(one.startswith(start) for one, start in zip(found, REFUSED[wrong[0]], strict=True)), found
        else:
            assert list(placed(read_course_structure(file.read_bytes(), file.name)))


def _says(node: OutlineNode) -> tuple[str, str | None, bool | None, float | None, str | None]:
    assert node.rule is not None
    assert isinstance(node.rule.when, MoveOn)
    assert node.rule.when.mastery_score == node.pass_mark
    return node.id.rpartition("/")[2], node.title, node.required, node.pass_mark, node.rule.when.criterion


def test_the_complex_example_of_the_specification_by_hand(shared_data: Path) -> None:
    """Three blocks, blocks in the third, a unit at the end; moveOn and masteryScore as the file has them."""
    file = shared_data / FOLDER / "AICC+CMI-5_Spec_Current__v1__examples__complex-cmi5.xml"
    outline = read_course_structure(file.read_bytes())
    assert (outline.course, outline.title) == ("http://courses.example.edu/identifiers/courses/d07e186b", "Geology")
    assert [(one.kind, one.title, len(one.children)) for one in outline.nodes] == [
        ("module", "Geologic materials", 2),
        ("module", "Whole-Earth structure", 2),
        ("module", "Geologic time scale", 2),
        ("unit", "Quiz", 0),
    ]
    assert [_says(one) for one in outline.nodes[0].children] == [
        ("64f6", "Rock and rock cycle", True, 1.0, "CompletedOrPassed"),
        ("3ee0", "Unconsolidated material", False, None, "NotApplicable"),
    ]
    assert [_says(one) for one in outline.nodes[1].children] == [
        ("6f64", "Plate tectonics", True, 0.1, "Passed"),
        ("6f65", "Structure of the earth", True, 0.3, "CompletedOrPassed"),
    ]
    assert _says(outline.nodes[3]) == ("1Hu62hL", "Quiz", True, 0.7, "Passed")
    units = [place for place in placed(outline) if place.node.kind == "unit"]
    assert len(units) == 14
    assert [place.node.id[-5:] for place in units if place.depth == 4] == [
        "/7ec9",
        "7eca/",
        "7ecb/",
        "7ecc/",
        "7ecd/",
        "7ece/",
    ]
    assert outline.nodes[0].children[0].type == "http://adlnet.gov/expapi/activities/lesson"


def test_the_pre_and_post_test_example_by_hand(shared_data: Path) -> None:
    """Its commented-out <requires> is no part of cmi5, so nothing waits for anything."""
    file = shared_data / FOLDER / "adlnet+CATAPULT__course_examples__pre_post_test_framed__cmi5.xml"
    outline = read_course_structure(file.read_bytes(), "cmi5.xml")
    assert (outline.source.kind, outline.source.name) == ("cmi5", "cmi5.xml")
    assert [one.title for one in outline.nodes] == ["Introduction to Geology", "Geological Materials"]
    for block in outline.nodes:
        assert block.kind == "module"
        assert block.rule is None
        assert [_says(one) for one in block.children] == [
            ("pre", "Pre-test", True, None, "Passed"),
            ("content", "Content", True, None, "CompletedOrPassed"),
            ("post", "Post-test", True, None, "Passed"),
        ]


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        (structure(au("moveOn='Perhaps'")), "line 1, au.moveOn must be one of NotApplicable, Passed"),
        (structure(au("masteryScore='1.5'")), "line 1, au.masteryScore must be a decimal number from 0 to 1"),
        (structure(au("masteryScore='nan'")), "line 1, au.masteryScore must be a decimal number from 0 to 1"),
        (structure(""), "line 1, courseStructure must have au or block"),
        (structure(au(), ""), "line 1, courseStructure must have course"),
        (structure(au() + "<lesson/>"), "line 1, courseStructure.lesson is no element of courseStructure"),
        (structure(au().replace("<url>a.html</url>", "")), "line 1, courseStructure.au must have url"),
        (structure(au().replace("</url>", "</url><url>b</url>")), "line 1, courseStructure.au.url must be there no"),
        (b"<courseStructure/>", "line 1 must be a courseStructure in the namespace of cmi5"),
        (b"<a>\n<b></a>", "line 2 must be well-formed XML"),
        (b"", "line 1 must be well-formed XML"),
        (b"<?xml version='1.0' encoding='klingon'?><a/>", "line 1 must be "),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]>\n<a>&b;</a>", "line 1 must have no document type declaration"),
        (b"\n<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", "line 2 must have no document type declaration"),
        (b"<a>" * 1000 + b"</a>" * 1000, "line 1 must have at most 500000 elements, 60 within each other"),
        (b" " * (LARGEST + 1), "body must have at most"),
        (
            structure(au().replace("http://x.example/a", "http://x.example/" + "a" * 3000)),
            "line 1, nodes[0].id must have at most 2000 characters",
        ),
    ],
)
def test_what_is_no_course_structure_is_refused(document: bytes, fault: str) -> None:
    found = faults(document)
    assert len(found) == 1
    assert found[0].startswith(fault), found


def package(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def test_a_package_is_read_as_its_course_structure() -> None:
    document = structure(au("moveOn='Passed'"))
    archive = package({"a.html": b"<html>", "cmi5.xml": document})
    assert is_archive(archive)
    assert not is_archive(document)
    assert read_package(archive) == read_course_structure(document)


def test_archives_that_want_to_do_harm_are_refused() -> None:
    bomb = package({"cmi5.xml": b" " * (LARGEST * 2)})
    assert len(bomb) < 50_000
    assert faults(bomb, read_package)[0].startswith("body must have at most")
    assert faults(package({"sub/cmi5.xml": b"<a/>"}), read_package)[0].startswith("cmi5.xml must be at the top")
    broken = bytearray(package({"cmi5.xml": structure(au()) * 9}))
    broken[60:90] = bytes(30)
    for archive in (b"PK", b"no archive", bytes(broken), bomb[: len(bomb) // 2]):
        assert faults(archive, read_package)[0].startswith("body must be a ZIP archive that can be unpacked")


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_course_structure_is_stored_or_deflated(method: int) -> None:
    """What is packed otherwise is not unpacked at all, whole or not."""
    whole = package({"cmi5.xml": structure(au()) * 9}, method)
    broken = bytearray(whole)
    broken[60:90] = bytes(30)
    for archive in (whole, bytes(broken)):
        assert faults(archive, read_package)[0].startswith("cmi5.xml must be stored or deflated")
    assert read_package(package({"cmi5.xml": structure(au())}, zipfile.ZIP_STORED)).nodes


def test_a_file_that_begins_at_the_end_of_its_archive() -> None:
    archive = bytearray(package({"cmi5.xml": structure(au())}))
    place = archive.index(b"PK\x01\x02") + 42
    archive[place : place + 4] = (len(archive) - 9).to_bytes(4, "little")
    assert faults(bytes(archive), read_package)[0].startswith("body must be a ZIP archive that can be unpacked")

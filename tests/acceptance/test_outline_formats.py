"""An outline is set in whatever form it comes, and given back in a form that sets the same."""

import io
import zipfile
from pathlib import Path

import httpx
import pytest

from tests.acceptance.configured import Setter, read, setter_at, took
from tests.acceptance.endpoint import Endpoint, paths

pytestmark = pytest.mark.one_database("embedded")

OUTLINE = "/configuration/outline"
XML, ZIP, YAML = "application/xml", "application/zip", "application/yaml"
GEOLOGY = "http://courses.example.edu/identifiers/courses/d07e186b"
BLOCKS = b"""{"root": "block-v1:org+x+1+type@course+block@course", "blocks": {
    "block-v1:org+x+1+type@course+block@course": {"id": "block-v1:org+x+1+type@course+block@course", "type": "course",
        "display_name": "Rocks", "children": ["block-v1:org+x+1+type@video+block@v"]},
    "block-v1:org+x+1+type@video+block@v": {"id": "block-v1:org+x+1+type@video+block@v", "type": "video"}}}"""


@pytest.fixture
def setter(endpoint: Endpoint) -> Setter:
    """A course of this test alone."""
    return setter_at(endpoint)


def put(setter: Setter, content: bytes, content_type: str, **named: str) -> httpx.Response:
    """An outline as a file."""
    return setter.ask("PUT", OUTLINE, content=content, headers={"Content-Type": content_type}, **named)


def test_yaml_goes_both_ways(setter: Setter) -> None:
    took(
        put(
            setter,
            f"course: {setter.course}\nnodes:\n  - id: {setter.iri('film')}\n".encode(),
            f"{YAML}; charset=utf-8",
        )
    )
    shown = setter.ask("GET", OUTLINE, format="yaml")
    assert (shown.status_code, shown.headers["Content-Type"].partition(";")[0]) == (200, YAML)
    assert not took(put(setter, shown.content, YAML))["changed"]
    as_json = read(setter.ask("GET", OUTLINE))
    assert as_json["source"] == {"kind": "yaml"}
    assert not setter.set(OUTLINE, as_json)["changed"]
    wrong = put(setter, f"course: {setter.course}\nnodes:\n  - id: no iri\n".encode(), YAML)
    assert paths(wrong) == ["line 3, nodes[0].id"]


def test_a_course_structure_of_cmi5_alone_and_in_its_package(setter: Setter, shared_data: Path) -> None:
    file = shared_data / "cmi5/course-structures/AICC+CMI-5_Spec_Current__v1__examples__complex-cmi5.xml"
    setter.course = GEOLOGY
    took(put(setter, file.read_bytes(), XML))
    found = read(setter.ask("GET", OUTLINE))
    assert (found["title"], [one["title"] for one in found["nodes"]][-1]) == ("Geology", "Quiz")
    quiz = setter.get("/rules/-", node=found["nodes"][-1]["id"])
    assert (quiz["source"], quiz["rule"]["when"]["rule"]) == ("outline", "move_on")
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("cmi5.xml", file.read_bytes())
    assert not took(put(setter, package.getvalue(), ZIP))["changed"]
    other = Setter(setter.caller)
    assert paths(put(other, file.read_bytes(), XML)) == ["course"]
    assert paths(put(other, b"<!DOCTYPE x><x/>", XML)) == ["line 1"]
    assert paths(put(other, b"PK no archive", ZIP)) == [""]


def test_the_blocks_of_open_edx_by_the_address_of_the_lms(setter: Setter) -> None:
    setter.course = "https://lms.example.org/course/course-v1:org+x+1"
    named = {"format": "openedx", "lms": "https://lms.example.org/"}
    took(put(setter, BLOCKS, "application/json", **named))
    (video,) = read(setter.ask("GET", OUTLINE))["nodes"]
    assert video["id"] == "https://lms.example.org/xblock/block-v1:org+x+1+type@video+block@v"
    assert setter.get("/rules/-", node=video["id"])["content_type"] == "media"
    assert paths(put(setter, BLOCKS, "application/json", format="openedx")) == ["course"]


def test_which_form_it_is_is_said(setter: Setter) -> None:
    assert paths(put(setter, b"{}", "text/plain")) == ["Content-Type"]
    assert paths(put(setter, b"{}", "text/plain", format="scorm")) == ["format"]


@pytest.mark.parametrize("name", ["completion-rule", "grade-policy", "outline"])
def test_the_json_schema_is_there_for_everybody(endpoint: Endpoint, name: str) -> None:
    answer = endpoint.ask("GET", f"/api/schemas/{name}", auth=None)
    assert answer.headers["Content-Type"] == "application/schema+json"
    assert answer.json()["$schema"].startswith("https://json-schema.org/")

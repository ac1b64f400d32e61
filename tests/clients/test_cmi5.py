"""@xapi/cmi5 in a browser: a lesson as a learning management system launches it, from another origin."""

import json
from typing import Any
from urllib.parse import quote, urlencode

from playwright.sync_api import Page

from tests.acceptance.endpoint import Json
from tests.clients.served import Served, ids, statements

LIBRARY = "/@xapi/cmi5/dist/Cmi5.umd.js"
INITIALIZE = """async () => {
    window.lesson = new Cmi5();
    const sent = await lesson.initialize();
    return {sent: sent.data, data: lesson.getLaunchData(), preferences: lesson.getLearnerPreferences()};
}"""
RESUME = """async ([name, state, match, etag]) => {
    const { activityId, actor: agent, registration } = lesson.getLaunchParameters();
    const where = { activityId, agent, registration, stateId: name };
    const refused = (error) => ({ status: error.response.status });
    const answer = await lesson.xapi.setState({ ...where, state, matchHeader: match, etag }).catch(refused);
    const got = await lesson.xapi.getState(where);
    return { status: answer.status, etag: got.headers["etag"], data: got.data };
}"""
LEARN = """async () => {
    const answers = [
        await lesson.progress(50),
        await lesson.interactionTrueFalse("quiz", "q1", true, true, {"en": "Is it so?"}),
        await lesson.interactionChoice("quiz", "q2", ["a", "c"], ["a"], [{ id: "a" }, { id: "c" }]),
        await lesson.pass({ scaled: 0.9, raw: 9, min: 0, max: 10 }),
        await lesson.complete(),
        await lesson.terminate(),
    ];
    return answers.flatMap(({ data }) => data);
}"""
VERBS = ["initialized", "progressed", "answered", "answered", "passed", "completed", "terminated"]


def test_a_launched_lesson(page: Page, content_origin: str, served: Served) -> None:
    registration, [statement] = statements(1)
    learner = {"objectType": "Agent", "account": {"homePage": "https://lms.example", "name": registration}}
    activity = statement["object"]["id"]
    publisher = {"objectType": "Activity", "id": f"https://publisher.example/{registration}"}
    session = {"https://w3id.org/xapi/cmi5/context/extensions/sessionid": registration}
    launch_data = {
        "contextTemplate": {"contextActivities": {"grouping": [publisher]}, "extensions": session},
        "launchMode": "Normal",
        "moveOn": "CompletedAndPassed",
        "masteryScore": 0.8,
    }
    where: Json = {"activityId": activity, "agent": learner, "registration": registration}
    assert _put(served, "activities/state", launch_data, **where, stateId="LMS.LaunchData") == 204
    preferences = {"languagePreference": "de", "audioPreference": "off"}
    assert _put(served, "agents/profile", preferences, agent=learner, profileId="cmi5LearnerPreferences") == 204

    launched = {
        "endpoint": served.url,
        "fetch": f"{content_origin}/fetch",
        "actor": json.dumps(learner),
        "registration": registration,
        "activityId": activity,
    }
    page.goto(f"{content_origin}/lesson?{urlencode(launched, quote_via=quote)}")
    page.add_script_tag(url=content_origin + LIBRARY)
    begun = page.evaluate(INITIALIZE)
    assert (begun["data"], begun["preferences"]) == (launch_data, preferences)

    first = page.evaluate(RESUME, ["suspend", {"page": 1}, "If-None-Match", "*"])
    assert (first["status"], first["data"]) == (204, {"page": 1})
    second = page.evaluate(RESUME, ["suspend", {"page": 2}, "If-Match", first["etag"]])
    assert (second["status"], second["data"]) == (204, {"page": 2})
    lost = page.evaluate(RESUME, ["suspend", {"page": 3}, "If-Match", first["etag"]])
    assert (lost["status"], lost["etag"]) == (412, second["etag"])

    sent = begun["sent"] + page.evaluate(LEARN)
    assert served.endpoint.found(registration=registration, ascending="true") == sent
    stored = [served.stored(one) for one in sent]
    assert [one["verb"]["id"].rpartition("/")[2] for one in stored] == VERBS
    assert ids(stored) == sent
    for one in stored:
        assert one["actor"] == learner
        assert one["context"]["registration"] == registration
        assert one["context"]["contextActivities"]["grouping"] == [publisher]
        assert one["context"]["extensions"].items() >= session.items()
    passed = stored[VERBS.index("passed")]["result"]
    assert (passed["score"]["scaled"], passed["success"]) == (0.9, True)
    found = served.endpoint.found(activity=publisher["id"], related_activities="true")
    assert found == sent[::-1]


def _put(served: Served, resource: str, document: Json, **where: Any) -> int:
    """The status of storing a document."""
    return served.put_document(resource, json.dumps(document).encode(), **where).status_code

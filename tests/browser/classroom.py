"""What learners do in a course of one module with a video and a quiz, posted through HTTP as a content package does."""

import time
from typing import Any
from uuid import uuid4

import httpx

SITE = "https://example.org/"
COURSE = {
    "id": SITE + "course",
    "definition": {"type": "http://adlnet.gov/expapi/activities/course", "name": {"en": "Ropework"}},
}
MODULE = {
    "id": SITE + "module",
    "definition": {"type": "http://adlnet.gov/expapi/activities/module", "name": {"en": "Knots"}},
}
QUIZ = {
    "id": SITE + "quiz",
    "definition": {"type": "http://adlnet.gov/expapi/activities/assessment", "name": {"en": "Which knot is it?"}},
}
VIDEO = {
    "id": SITE + "video",
    "definition": {
        "type": "https://w3id.org/xapi/video/activity-type/video",
        "name": {"en": "Tying a <b>bowline</b> & keeping it"},
    },
}
VERBS = "http://adlnet.gov/expapi/verbs/"


class Classroom:
    """Learners have a number and the name `Learner N`."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self._position = 0

    def post(self, number: int, verb: str, activity: dict[str, Any], **rest: Any) -> str:
        """Post one statement; answers its id. Raises httpx.HTTPError."""
        statement = {
            "id": str(uuid4()),
            "actor": {"mbox": f"mailto:learner{number}@example.org", "name": f"Learner {number}"},
            "verb": {"id": VERBS + verb},
            "object": {"objectType": "Activity", **activity},
            "context": {"contextActivities": {"parent": [MODULE], "grouping": [COURSE]}},
            **rest,
        }
        headers = {"X-Experience-API-Version": "1.0.3"}
        answer = self.client.post("/xapi/statements", json=statement, headers=headers).raise_for_status()
        self._position = int(answer.headers["X-LRS-Position"])
        return str(statement["id"])

    def watch(self, number: int) -> str:
        """The learner completes the video, which is half of the course."""
        return self.post(number, "completed", VIDEO)

    def take_quiz(self, number: int, scaled: float) -> str:
        """The learner takes the quiz; from 0.6 on it is the other half."""
        return self.post(number, "passed" if scaled >= 0.6 else "failed", QUIZ, result={"score": {"scaled": scaled}})

    def view(self) -> dict[str, Any]:
        """The course as the API tells it, once it has everything that was posted."""
        deadline = time.monotonic() + 10
        while True:
            courses = self.client.get("/api/courses", params={"iri": SITE + "course"}).json()["courses"]
            view: dict[str, Any] = self.client.get(f"/api/courses/{courses[0]['id']}").json() if courses else {}
            if view.get("position", 0) >= self._position:
                return view
            assert time.monotonic() < deadline, "the read models do not catch up"
            time.sleep(0.05)

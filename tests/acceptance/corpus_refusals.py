"""Which statements of the corpus are refused, where, and why that is right.

The rule of this file: a statement that is not named here is accepted, by the rules of 1.0.3 unless it says
itself that it is of 2.0.0; each refusal was judged by hand against the specification, whose Part Two "Data"
the reasons cite. Paths are those of a statement sent alone.
"""

from __future__ import annotations

from typing import Final

UNFILLED: Final = "A template with its placeholders (**NAME**) unfilled, where an IRI, a timestamp or a number belongs."

REFUSED: Final[dict[tuple[str, int], tuple[str, str]]] = {
    ("adl-xapi-spec/xAPI-Communication.md.json", 1): (
        "actor.objectType context.contextActivities.parent.id context.instructor.objectType inProgress "
        "object.definition.type verb",
        "The specification's own example of a 0.9 statement to be converted: Person, a verb in one word, "
        "relative ids and inProgress have no place in 1.0.",
    ),
    ("adl-xapiwrapper/examples_useWrapper.html.json", 0): (
        "actor.account.account actor.account.homePage actor.account.name actor.mbox object.Activity "
        "object.Agent object.StatementRef object.id",
        "A page's placeholder: the IFI is an object within itself, and the object offers three "
        "alternatives under made-up keys instead of being one.",
    ),
    ("adl-xapiwrapper/test_tests_test.util.js.json", 0): (
        "actor.account actor.mbox_sha1sum actor.openid object.definition object.id",
        "Input of a helper that shortens statements: the identifiers are the names of their own "
        "properties, and a StatementRef has an IRI and a definition.",
    ),
    ("adl-xapiwrapper/test_tests_test.util.js.json", 1): (
        "actor.account actor.mbox_sha1sum actor.openid",
        "Input of a helper that shortens statements: the identifiers are the names of their own "
        "properties, of a form that none of them has.",
    ),
    ("adl-xapiwrapper/test_tests_test.util.js.json", 2): (
        "actor.account actor.mbox_sha1sum object.mbox_sha1sum object.member[0] object.notid",
        "Input of a helper that shortens statements: no SHA-1, an account that is a string, a member that "
        "is a name, and an unknown key.",
    ),
    ("adl-xapiwrapper/test_tests_test.util.js.json", 3): (
        "object.actor.account object.actor.mbox_sha1sum object.notid object.object.mbox_sha1sum "
        "object.object.member[0] object.object.notid",
        "As the one before, within a SubStatement.",
    ),
    ("adl-xapiwrapper/test_tests_test.util.js.json", 4): (
        "actor.member[0]",
        "A member of a Group is an Agent, not a name (Data 2.4.2.2).",
    ),
    ("adl-xapiwrapper/test_tests_test.util.js.json", 5): (
        "actor.some object.id object.some",
        "Keys that no Agent and no Activity has, and an Activity without an id.",
    ),
    ("h5p-php-report/README.md.json", 1): (
        "object.definition.interactionType",
        "H5P's own interactionType; the values are enumerated (Data 2.4.4.1), and any other is refused (Data 2.2).",
    ),
    ("jisc-xapi-recipes/recipes_access_facility-accessed.md.json", 0): (
        "timestamp",
        UNFILLED,
    ),
    ("jisc-xapi-recipes/recipes_access_uxapi_facility-accessed-template.json", 0): (
        "timestamp",
        UNFILLED,
    ),
    ("jisc-xapi-recipes/recipes_case_close-case.md.json", 0): (
        "object.id",
        UNFILLED,
    ),
    ("jisc-xapi-recipes/recipes_case_create-case.md.json", 0): (
        "object.id",
        UNFILLED,
    ),
    ("jisc-xapi-recipes/recipes_case_update-case.md.json", 0): (
        "object.id",
        UNFILLED,
    ),
    ("jisc-xapi-recipes/recipes_case_uxapi_case-close-activity-input.json", 0): (
        "actor.account.homePage extensions object.id timestamp",
        "A template with its placeholders unfilled, and extensions at the top of the statement, where there are none.",
    ),
    ("jisc-xapi-recipes/recipes_case_uxapi_note-create-activity-input.json", 0): (
        "actor.account.homePage context.contextActivities.parent[0].id object.id timestamp",
        UNFILLED,
    ),
    ("jisc-xapi-recipes/recipes_econtent_econtent-accessed-econtent.md.json", 0): (
        "object.definition.name",
        "The name of a definition is a language map, not a string (Data 2.4.4.1).",
    ),
    ("jisc-xapi-recipes/recipes_econtent_uxapi_econtent-accessed-econtent-template.json", 0): (
        "actor.account.homePage object.id timestamp",
        UNFILLED,
    ),
    ("jisc-xapi-recipes/recipes_econtent_uxapi_econtent-viewed-econtent-template.json", 0): (
        "actor.account.homePage object.id timestamp",
        UNFILLED,
    ),
    ("jisc-xapi-recipes/recipes_library_library-item-borrowing.md.json", 0): (
        "object.extensions",
        "Extensions belong to the definition, not to the Activity itself (Data 2.4.4.1).",
    ),
    ("jisc-xapi-recipes/recipes_library_uxapi_library-item-borrowed-template.json", 0): (
        "timestamp",
        UNFILLED,
    ),
    ("jisc-xapi-recipes/recipes_login_uxapi_loggedin-template.json", 0): (
        "actor.account.homePage object.definition.type object.id timestamp",
        UNFILLED,
    ),
    ("jisc-xapi-recipes/recipes_login_uxapi_loggedout-template.json", 0): (
        "actor.account.homePage object.definition.type object.id timestamp",
        UNFILLED,
    ),
    ("jisc-xapi-recipes/recipes_microsoft_microsoft-aggregated-activity.json", 0): (
        "timestamp",
        UNFILLED,
    ),
    ("jisc-xapi-recipes/recipes_microsoft_microsoft-aggregated-activity.md.json", 0): (
        'context["http://xapi.jisc.ac.uk/recipeCat"] object.extensions object.id',
        "Placeholders in angle brackets, which no IRI contains (RFC 3987), and extensions beside the "
        "places that have them.",
    ),
    ("jisc-xapi-recipes/recipes_readinglist_uxapi_readinglist-itemviewed-template.json", 0): (
        "actor.account.homePage object.id timestamp",
        UNFILLED,
    ),
    ("jisc-xapi-recipes/recipes_readinglist_uxapi_readinglist-viewed-content-template.json", 0): (
        "actor.account.homePage object.id timestamp",
        UNFILLED,
    ),
    ("jisc-xapi-recipes/recipes_readinglist_uxapi_readinglist-viewed-template.json", 0): (
        "actor.account.homePage object.id timestamp",
        UNFILLED,
    ),
    ("jisc-xapi-recipes/recipes_studyapps_app-questions.md.json", 0): (
        "object.definition.interactionType",
        "Enumerated values are case-sensitive (Data 2.2): it is choice, not Choice.",
    ),
    ("jisc-xapi-recipes/recipes_vle_uxapi_vle-assignmentgraded-template.json", 0): (
        "actor.account.homePage context.instructor.account.homePage object.id result.score.max "
        "result.score.min result.score.raw result.score.scaled",
        UNFILLED,
    ),
    ("jisc-xapi-recipes/recipes_vle_uxapi_vle-assignmentsubmitted-template.json", 0): (
        "actor.account.homePage object.id",
        UNFILLED,
    ),
    ("jisc-xapi-recipes/recipes_vle_uxapi_vle-forum-template.json", 0): (
        "actor.account.homePage context.contextActivities.parent[0].id object.id timestamp",
        UNFILLED,
    ),
    ("jisc-xapi-recipes/recipes_vle_uxapi_vle-quiz-completed-template.json", 0): (
        "actor.account.homePage object.id result.score.max result.score.min result.score.raw "
        "result.score.scaled timestamp",
        UNFILLED,
    ),
    ("jisc-xapi-recipes/recipes_vle_uxapi_vle-resourceviewed-template.json", 0): (
        "actor.account.homePage object.definition.type object.extensions object.id timestamp",
        "A template with its placeholders unfilled, and extensions on the Activity instead of its definition.",
    ),
    ("openfun-ralph/tests_backends_lrs_test_async_mongo.py.json", 0): (
        "verb.id",
        "A fixture whose verb id has no scheme (Data 2.2).",
    ),
    ("openfun-ralph/tests_backends_lrs_test_fs.py.json", 0): (
        "actor.mbox_sha1sum context.team.objectType context.team.openid id object.id verb.id",
        "A fixture of a query backend that validates nothing: no UUID, no IRI, no SHA-1, and a team that is no Group.",
    ),
    ("openfun-ralph/tests_backends_lrs_test_fs.py.json", 1): (
        "context.contextActivities.parent.id context.instructor.mbox_sha1sum id object.account object.id verb.id",
        "A fixture of a query backend that validates nothing: no UUID, no IRI, no SHA-1, and an Activity "
        "with an account.",
    ),
    ("openfun-ralph/tests_backends_lrs_test_fs.py.json", 2): (
        "actor.openid authority.account.homePage context.contextActivities.grouping[0].id "
        "context.team.mbox_sha1sum context.team.objectType id object.id timestamp verb.id",
        "A fixture of a query backend that validates nothing, its timestamp unparsable by intent.",
    ),
    ("openfun-ralph/tests_backends_lrs_test_fs.py.json", 3): (
        "actor.account.homePage id verb.id",
        "A fixture of a query backend that validates nothing: no UUID and no IRI.",
    ),
    ("openfun-ralph/tests_backends_lrs_test_fs.py.json", 4): (
        "actor.mbox_sha1sum id object.actor.openid object.context.instructor.account.homePage "
        "object.context.team.objectType object.object.id object.verb.id verb.id",
        "A fixture of a query backend that validates nothing, with the same faults in a SubStatement.",
    ),
    ("tincanpython-tests/test_statement_test.py.json", 0): (
        "actor attachments[0].contentType attachments[0].display attachments[0].length "
        "attachments[0].sha2 attachments[0].usageType attachments[0].usage_type authority object.id "
        "object.name object.object_type verb.id",
        "Arguments of a Python constructor rather than a statement: Agents without identifiers and "
        "properties in snake case.",
    ),
    ("tincanpython-tests/test_statement_test.py.json", 1): (
        "actor attachments[0].contentType attachments[0].display attachments[0].length "
        "attachments[0].sha2 attachments[0].usageType authority object verb.id",
        "Agents without identifiers, a verb without an IRI and an attachment with one property of its five.",
    ),
    ("tincanpython-tests/test_substatement_test.py.json", 0): (
        "actor object.id object_type verb.id",
        "Arguments of a Python constructor rather than a statement: an Agent without an identifier, "
        "relative ids, object_type.",
    ),
    ("tincanpython-tests/test_substatement_test.py.json", 1): (
        "actor object.id object_type verb.id",
        "Arguments of a Python constructor rather than a statement: an Agent without an identifier, "
        "relative ids, object_type.",
    ),
    ("xapi-java/xapi-model_src_test_resources_statement_statement.json", 0): (
        "actor attachments[0].contentType attachments[0].sha2",
        "An Agent without an identifier (Data 2.4.2.1), a content type that is no media type and a sha2 "
        "that is no hash (Data 2.4.11).",
    ),
    ("xapi-java/xapi-model_src_test_resources_statement_statement_with_en_locale.json", 0): (
        "actor attachments[0].contentType attachments[0].sha2",
        "An Agent without an identifier (Data 2.4.2.1), a content type that is no media type and a sha2 "
        "that is no hash (Data 2.4.11).",
    ),
    ("yet-lrsql-docs/doc_reactions_spec.md.json", 0): (
        "actor.mbox",
        "A template of a reaction: its mbox is an instruction where to copy one from.",
    ),
}
"""By file and index within it: the paths of the violations, separated by spaces, and the reason."""

WITHOUT_DATA: Final[dict[tuple[str, int], tuple[str, str]]] = {
    ("adl-xapi-spec/xAPI-Communication.md.json", 0): (
        "attachments[0]",
        "The JSON part of a multipart example, sent without its attachment's data and without a fileUrl "
        "(Communication 1.5.2).",
    ),
    ("adl-xapi-spec/xAPI-Data.md.json", 6): (
        "attachments[0]",
        "A signed statement without its signature's data and without a fileUrl (Data 2.6, Communication 1.5.2).",
    ),
}
"""Valid statements whose request lacks the data of an attachment."""

ID_TAKEN: Final[dict[tuple[str, int], str]] = {
    ("cmi5-spec-scenarios/samples_scenarios_18-cmi5-allowed-passed_05-exited-before-completing.json", 0): (
        "The id of a `passed` of scenario 07, with another verb."
    ),
    ("cmi5-spec-scenarios/samples_scenarios_18-cmi5-allowed-passed_06-completed-statement.json", 0): (
        "The id of a `passed` of scenario 07, with another verb."
    ),
    ("cmi5-spec-scenarios/samples_scenarios_18-cmi5-allowed-passed_07-failed-statement.json", 0): (
        "The id of a `passed` of scenario 07, with another verb."
    ),
    ("gowithfloat-xapi/Float.xAPI.Json.Tests_Data_about-example-statement.json", 0): (
        "The id of an example of the specification, with other content."
    ),
    ("maskott-xapi-net/src_xAPI.Client.Tests_Data_statements_statements.json", 0): (
        "The id of another client's test statement, with other content."
    ),
    ("openfun-ralph/docs_index.md.json", 0): "The id of another client's example, with other content.",
    ("openfun-warren/src_api_plugins_video_warren_video_factories.py.json", 0): (
        "The id of the template for documents, with other content."
    ),
    ("yet-datasim/dev-resources_xapi_statements_simple.json", 0): (
        "The id of another client's test statement, with other content."
    ),
}
"""Valid statements whose id an earlier file has given to another statement (Data 2.3.1); files in alphabetical
order.
"""

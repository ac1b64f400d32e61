-- name: take_turn
-- Waits until nobody else sets anything of the tenant; the turn ends with the transaction. No row: no tenant.
SELECT pg_advisory_xact_lock(:turn) FROM tenant WHERE tenant = :tenant;

-- name: await_turns
-- Waits until what is being set of the tenant is there, or is not.
SELECT pg_advisory_xact_lock_shared(:turn);

-- name: heard_nodes
-- The nodes that statements have told of a course.
SELECT iri FROM outline_node WHERE tenant = :tenant AND course = :course;

-- name: heard_node
-- One node of a course, as statements have told of it.
SELECT iri, type, kind FROM outline_node WHERE tenant = :tenant AND course = :course AND node = :node;

-- name: heard_person
-- The identifier of a person.
SELECT ifi FROM person WHERE tenant = :tenant AND person = :person;

-- name: heard_iri
-- An IRI of some statement.
SELECT iri FROM iri WHERE tenant = :tenant AND id = :id;

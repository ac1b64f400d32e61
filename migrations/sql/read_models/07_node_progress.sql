-- How far one learner is with one node. docs/read-models.md, section 6.
CREATE TABLE node_progress (
    tenant           integer NOT NULL,
    course           uuid NOT NULL,
    person           uuid NOT NULL,
    node             uuid NOT NULL,
    state            text NOT NULL,
    fraction         double precision NOT NULL,
    first_at         timestamptz NOT NULL,
    last_at          timestamptz NOT NULL,
    first_activity_at timestamptz,
    last_activity_at timestamptz,
    last_activity_id uuid,
    statements       integer NOT NULL,
    revoked_at       timestamptz,
    completed_at     timestamptz,
    satisfied_by     uuid,
    visits           integer NOT NULL,
    duration         bigint NOT NULL,
    enrolled_at      timestamptz,
    standing         text,
    verdict          boolean,
    PRIMARY KEY (tenant, course, person, node)
);

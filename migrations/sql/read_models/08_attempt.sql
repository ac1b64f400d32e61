-- One try of one learner at one node. docs/read-models.md, section 7.
CREATE TABLE attempt (
    tenant        integer NOT NULL,
    course        uuid NOT NULL,
    person        uuid NOT NULL,
    node          uuid NOT NULL,
    attempt       text NOT NULL,
    started_at    timestamptz NOT NULL,
    submitted_at  timestamptz NOT NULL,
    raw           double precision,
    min           double precision,
    max           double precision,
    scaled        double precision,
    score         double precision,
    score_suspect boolean NOT NULL,
    success       boolean,
    duration      bigint NOT NULL,
    PRIMARY KEY (tenant, course, person, node, attempt)
);

-- The grade of one learner for one node. docs/read-models.md, section 8.
CREATE TABLE gradebook (
    tenant       integer NOT NULL,
    course       uuid NOT NULL,
    person       uuid NOT NULL,
    node         uuid NOT NULL,
    policy       text NOT NULL,
    score        double precision,
    attempts     integer NOT NULL,
    best_attempt text,
    counts       boolean NOT NULL,
    PRIMARY KEY (tenant, course, person, node)
);

-- One narrow row a statement: what the folds compute from, and what analysts count. docs/read-models.md, section 1.
-- voided_position: position of the voiding statement; null while the fact is live.
CREATE TABLE fact (
    tenant          integer NOT NULL,
    position        bigint NOT NULL,
    id              uuid NOT NULL,
    at              timestamptz NOT NULL,
    person          uuid,
    course          uuid,
    activity        uuid,
    verb            uuid NOT NULL,
    event           text NOT NULL,
    placement       text NOT NULL,
    registration    uuid,
    attempt         text,
    raw             double precision,
    min             double precision,
    max             double precision,
    scaled          double precision,
    score           double precision,
    score_suspect   boolean NOT NULL,
    success         boolean,
    completion      boolean,
    duration        bigint,
    progress        double precision,
    media           text,
    claim           uuid,
    actor_name      text,
    voided_position bigint,
    PRIMARY KEY (tenant, position)
);
CREATE INDEX fact_key ON fact (tenant, course, activity, person);
CREATE INDEX fact_at ON fact (tenant, at);
CREATE INDEX fact_person ON fact (tenant, person, registration);
CREATE INDEX fact_name ON fact (tenant, person, at) WHERE actor_name IS NOT NULL;
CREATE INDEX fact_unplaced ON fact (tenant, person, registration)
    WHERE placement IN ('registration', 'unassigned') AND registration IS NOT NULL;

-- What a statement says of an outline: every distinct saying once, named by its hash.
CREATE TABLE claim (
    tenant integer NOT NULL,
    claim  uuid NOT NULL,
    claims text NOT NULL,
    PRIMARY KEY (tenant, claim)
);

-- Which sayings are made in a course, each with the last live statement that makes it.
CREATE TABLE outline_claim (
    tenant  integer NOT NULL,
    course  uuid NOT NULL,
    claim   uuid NOT NULL,
    last_at timestamptz NOT NULL,
    last_id uuid NOT NULL,
    PRIMARY KEY (tenant, course, claim)
);

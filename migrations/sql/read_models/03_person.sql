-- A learner: an inverse functional identifier, and the name last seen with it.
CREATE TABLE person (
    tenant integer NOT NULL,
    person uuid NOT NULL,
    ifi    text NOT NULL,
    name   text,
    PRIMARY KEY (tenant, person)
);

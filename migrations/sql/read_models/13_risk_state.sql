-- Who is at risk, by which rule, since when, and the statement that shows it. docs/read-models.md, section 10.
CREATE TABLE risk_state (
    tenant         integer NOT NULL,
    course         uuid NOT NULL,
    person         uuid NOT NULL,
    rule           text NOT NULL,
    level          text NOT NULL,
    since          timestamptz NOT NULL,
    threshold_days integer NOT NULL,
    evidence       uuid NOT NULL,
    PRIMARY KEY (tenant, course, person, rule)
);

-- Who vouches for a statement (xAPI Data 2.4.9): an Agent, kept once, referred to by number.
CREATE TABLE authority (
    authority integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant    integer NOT NULL,
    agent     text NOT NULL,
    UNIQUE (tenant, agent)
);

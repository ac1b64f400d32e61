-- What is known of an Activity: the definitions of all statements, merged (xAPI Communication 2.5, Data 2.4.4.1).
-- key: 16 bytes that stand for activity, an IRI, which may be longer than an index entry.
-- version: one more at each change. Written in the order of key, after all else of the same transaction.
CREATE TABLE activity_definition (
    tenant     integer NOT NULL,
    key        bytea NOT NULL,
    activity   text NOT NULL,
    version    integer NOT NULL,
    definition json NOT NULL,
    PRIMARY KEY (tenant, key)
);

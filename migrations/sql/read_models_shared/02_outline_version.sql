-- How many times outlines have changed, by slot: a worker forgets what it knows of a slot's courses where it has moved.
CREATE TABLE outline_version (
    tenant  integer NOT NULL,
    slot    integer NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (tenant, slot)
);

-- Up to which position what is set, and the clock, are in the rows of a tenant that several workers keep together.
CREATE TABLE configuration_applied (
    tenant   integer PRIMARY KEY,
    position bigint NOT NULL
);

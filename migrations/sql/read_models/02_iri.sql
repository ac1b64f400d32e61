-- Dictionary: an IRI and its 128-bit name, which is a hash of it, so that every rebuild gives the same.
CREATE TABLE iri (
    tenant integer NOT NULL,
    id     uuid NOT NULL,
    iri    text NOT NULL,
    PRIMARY KEY (tenant, id)
);

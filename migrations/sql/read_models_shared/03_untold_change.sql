-- What a transaction of some worker has changed, until the read models as a whole have come there and it is told.
-- Every tenant's; position: the first that the whole has to reach for the change to be told.
CREATE TABLE untold_change (
    number   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    position bigint NOT NULL,
    changes  bytea NOT NULL
);

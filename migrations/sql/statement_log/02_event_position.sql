-- The one order over everything that happens: statements and control events draw their positions here.
-- CACHE 1: the safe bound reads last_value and relies on it.
CREATE SEQUENCE event_position AS bigint CACHE 1;

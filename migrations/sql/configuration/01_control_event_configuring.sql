-- What configures: few events among those of the clock. A query that names the same kinds finds a tenant's by it.
CREATE INDEX control_event_configuring ON control_event (tenant, position) WHERE kind NOT IN ('clock.tick', 'retention');

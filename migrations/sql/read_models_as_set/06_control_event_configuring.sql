-- What is set of a tenant, among clock events that are many more.
CREATE INDEX control_event_configuring ON control_event (tenant, position) WHERE kind <> 'clock.tick';

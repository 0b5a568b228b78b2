"""The inbox: what the platform says over Kafka, stored once.

Why not sentry-arroyo, whose design was the measure: its processor polls one record per turn and its
batching waits for a size or a time, so a lone record waits for the time and a burst pays a turn per record;
and it drops a record whose dead letter cannot be delivered. Here a batch is whatever has arrived when the
last one is being stored: one record at low rates, thousands under load, with no timer to tune. Taken over
from it: offsets move only after the store, on revocation too; a bound on dead letters in a row; pausing
instead of leaving the group while the store is away.
"""

"""From a received message to a draft that the gate has judged."""

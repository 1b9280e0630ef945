"""The local stack: private servers, the five services and the demo, on one machine."""

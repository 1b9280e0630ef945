"""The local stack: private servers, the five services and a season, on one machine."""

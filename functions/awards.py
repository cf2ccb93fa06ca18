"""Awards for outings. A batch: one event holds the payloads of all outings, the answer has one entry for each."""


def handler(event, context):
    return [award(outing["kilometres"]) for outing in event]


def award(kilometres):
    if kilometres >= 15:
        return "long haul"
    return "morning row" if kilometres >= 10 else None

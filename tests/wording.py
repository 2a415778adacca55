"""What no sentence may say, and how hard a text is to read."""

import re

FORBIDDEN = r"\b(failing|failed|racis\w*|left[ -]behind|deprived (people|residents|families)|struggling|poor people|no-go|ghetto\w*|dying)\b"
ATTITUDES = r"\b(attitudes?|believ\w+|beliefs|feel\w*|fears?|hostil\w+|angry|anger|resent\w*|prejudice\w*|opinions?|views|mood|think\w*)\b"
CAUSES = r"\b(because|caus\w+|leads? to|led to|due to|results? in|driven|drives?|therefore|thanks to|owing to|explains?|consequence\w*|makes?)\b"
SUPERLATIVES = r"\b(most|least|best|worst|\w{3,}est|top|bottom)\b"


def syllables(word: str) -> int:
    """Groups of vowels, without a silent e at the end."""
    return max(1, len(re.findall(r"[aeiouy]+", re.sub(r"(?<![aeiouyl])e$|(?<=[^td])ed$", "", re.sub("[^a-z]", "", word.lower())))))


def grade(text: str) -> float:
    """School grade by Flesch and Kincaid (1975); a reader of 14 is in grade 9."""
    sentences = [part for part in re.split(r"(?<=[.!?])\s+(?=[A-Z“0-9])", text) if part]
    found = re.findall(r"[A-Za-z0-9’'-]+", text)
    return 0.39 * len(found) / len(sentences) + 11.8 * sum(map(syllables, found)) / len(found) - 15.59

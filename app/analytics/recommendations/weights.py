"""Every weight of the recommendations. The page /come-ordiniamo and docs/algorithms/recommendations.md tell the same.

Where the documents of the project give a figure it is theirs; what we had to choose says so.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class AlsoBought:
    """days: paid orders that are looked at. least_buyers, least_lift: below, it is chance or one person's business.

    All three are ours.
    """

    days: int = 180
    least_buyers: int = 2
    least_lift: float = 1.0


@dataclass(frozen=True)
class Similar:
    """The documents give these five, which add up to 0.95, and do not say what the other 0.05 is for.

    So nothing is: the best possible score is 0.95. Scaling to 1 would change no order.
    """

    category: float = 0.4
    organic: float = 0.15
    origin: float = 0.15
    price: float = 0.15
    producer: float = 0.1


@dataclass(frozen=True)
class Contextual:
    """Season and time of day; the documents name both and weigh neither. The figures are ours.

    ending, now, always: how much of `season` a product gets in the last month of its season, in it, or without one.
    days: orders that tell what is bought when; least_orders: with fewer the time of day says nothing.
    """

    season: float = 0.6
    time: float = 0.4
    ending: float = 1.0
    now: float = 0.8
    always: float = 0.2
    days: int = 180
    least_orders: int = 20
    most_of_category: int = 2


@dataclass(frozen=True)
class Personal:
    """The four weights and λ (recency) are the documents'. The rest is ours.

    recency_days: λ per so many days; the documents give no unit, and groceries are bought by the week.
    prior_rating, prior_count: a product without reviews stands as if it had so many of so many stars.
    most_of_category: of one category so many come first, so that a list is not one shelf.
    """

    category: float = 0.4
    rating: float = 0.3
    popularity: float = 0.2
    featured: float = 0.1
    recency: float = 0.95
    recency_days: int = 7
    days: int = 180
    popular_days: int = 30
    prior_rating: float = 3.5
    prior_count: int = 5
    most_of_category: int = 3


@dataclass(frozen=True)
class Trending:
    """days is the documents'. order, view: what one counts. Of a product's views only so many count: they are cheap.

    least: below this score nothing is in demand, and nothing is shown.
    """

    days: int = 7
    order: float = 1.0
    view: float = 0.02
    most_views: int = 200
    least: float = 2.0


@dataclass(frozen=True)
class Weights:
    also_bought: AlsoBought = field(default_factory=AlsoBought)
    similar: Similar = field(default_factory=Similar)
    contextual: Contextual = field(default_factory=Contextual)
    personal: Personal = field(default_factory=Personal)
    trending: Trending = field(default_factory=Trending)


WEIGHTS = Weights()

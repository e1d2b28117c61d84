"""Which resources of several suppliers are one and the same thing. Pure: no database, clock or network.

`brands` knows the chains, `names` takes a name apart (chain, branch, city, what is left), `places` compares addresses and
coordinates, `scoring` weighs what speaks for and against a pair, `pairing` finds the pairs worth weighing and decides
which may be joined without a person. A wrong branch of a hotel is worse than no match: joining asks for evidence of two
kinds, the name's and the place's, and for no better candidate.
"""

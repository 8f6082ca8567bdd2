#!/usr/bin/env python3
"""Writes the sample orders: make_orders.py [COUNT [SEED]] > orders.csv (10000 orders and seed 20260302 by default)."""
import random
import sys

INSTRUMENTS = {  # symbol: where its prices lie around
    "AAPL": 227.40, "MSFT": 418.60, "AMZN": 186.55, "GOOGL": 165.10, "META": 572.30, "NVDA": 121.80,
    "TSLA": 249.40, "JPM": 210.40, "BAC": 39.85, "WFC": 55.90, "GS": 495.15, "MS": 104.70,
    "C": 62.20, "V": 275.90, "MA": 493.80, "XOM": 117.20, "CVX": 145.80, "COP": 106.10,
    "JNJ": 161.20, "PFE": 28.95, "MRK": 113.35, "ABBV": 194.20, "LLY": 886.10, "UNH": 584.65,
    "KO": 71.85, "PEP": 170.20, "PG": 173.10, "WMT": 80.75, "COST": 886.90, "HD": 405.10,
    "MCD": 304.20, "NKE": 88.35, "DIS": 96.15, "CMCSA": 41.70, "T": 21.95, "VZ": 44.90,
    "INTC": 23.40, "AMD": 164.05, "QCOM": 170.00, "CSCO": 53.20, "ORCL": 170.30, "IBM": 220.80,
    "CRM": 273.55, "BA": 152.05, "CAT": 391.10, "GE": 188.50, "F": 10.55, "SIRI": 3.64,
}
FIRMS = ["MLRC", "NORD", "HARB", "QUAY", "ALTA", "BRIO", "CASK", "DUNE"]
HEADER = "CL_ORD_ID,SYMBOL,SIDE,ORD_TYPE,PRICE,ORDER_QTY,TIME_IN_FORCE,ACCOUNT,CLIENT_ID,FIRM_ID"


def order(rng, number):
    symbol = rng.choice(sorted(INSTRUMENTS))
    is_market = rng.random() < 0.08
    price = ""
    if not is_market:
        places = 4 if rng.random() < 0.1 else 2
        price = f"{INSTRUMENTS[symbol] * rng.uniform(0.98, 1.02):.{places}f}"
    return [
        f"S20260302-{number:06d}", symbol, rng.choice("12"), "1" if is_market else "2", price,
        str(rng.choice([1, 5, 10, 50, 100, 500]) * rng.randint(1, 20)),
        rng.choices("013", weights=[80, 12, 8])[0], f"ACC{rng.randint(1, 200):04d}",
        f"CLI{rng.randint(1, 60):03d}", rng.choice(FIRMS),
    ]


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10000
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 20260302)
    print(HEADER)
    for number in range(1, count + 1):
        print(",".join(order(rng, number)))


if __name__ == "__main__":
    main()

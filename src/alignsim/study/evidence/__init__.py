"""What a panel says of the claim by itself: co-sanctioned pairs, onsets, measures that disagree, and single ties."""

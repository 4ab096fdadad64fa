LONGEST = "supercalifragilistic"

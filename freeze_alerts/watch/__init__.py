"""The watch over ourselves: who does what is due, who is alive, how we feel, and who outside hears of it."""

print("panna")

module bonafide.example/packets

go 1.19

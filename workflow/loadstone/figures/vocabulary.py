"""The words that heads of columns are made of, in the languages that load tools and people write them in."""


def words(text: str) -> frozenset[str]:
    """Split a text into a set of words."""
    return frozenset(text.split())


FILLER = words(
    "total totals number num nr no of the in count counts all overall aggregated aggregate http https test load "
    "stated measured anz anzahl nombre numero gesamt insgesamt de des du der die per an a"
)
THINGS = words(
    "request requests req reqs hit hits sample samples transaction transactions trans txn txns call calls query "
    "queries operation operations op ops anfrage anfragen aufrufe requete requetes peticiones solicitudes richieste "
    "echantillons muestras stichproben proben amostras 样本"
)
DONE = words("completed complete sent made processed handled done finished served responses")
FAILED = words(
    "failure failures failed fail fails error errors err errs erroneous unsuccessful ko non2xx fehler fehlgeschlagene "
    "fehlgeschlagen erreur erreurs echecs errores fallos fallidas errori erro erros 异常"
)
SUCCEEDED = words(
    "success successes successful succeeded passed ok erfolgreiche erfolgreich reussies exitosas availability"
)
SHARE = words("rate ratio share percent percentage pct quote rata taux tasa anteil")
RATES = words("rps qps tps throughput throughputs durchsatz debit rendimiento 吞吐量 persecond perminute perhour rpm")
AVERAGE = words(
    "avg average mean ave mittel mittelwert mittlere durchschnitt durchschnittliche moyenne moyen media promedio 平均值"
)
RESPONSE = words(
    "latency latencies lat response rt resp resptime responsetime antwortzeit antwortzeiten reponse respuesta latence "
    "latencia latenz"
)
TIME = words("time times temps tiempo zeit line linea")
MEDIAN = words("median med mediane mediana 中位数")
MOST = words("max maximum maximal slowest longest worst maximo massimo 最大值")
USERS = words(
    "user users vu vus vuser vusers client clients connection connections conn conns concurrency concurrencies "
    "benutzer nutzer anwender utilisateur utilisateurs usuario usuarios utenti usuarios"
)
THREADS = words("thread threads 线程")
CONCURRENT = words(
    "concurrent simultaneous virtual parallel active max peak maximum level open tcp simulated gleichzeitige "
    "virtuelle simultanes concurrents concurrentes virtuels virtuales locust clients user"
)
LASTING = words("duration dauer testdauer duree duracion durata runtime laufzeit elapsed length seconds secs minutes")
LASTS = words("run time times taken for tests zeit temps tiempo measurement measuring wall clock period")
THINK = words("think thinktime thinking pause pauses denkzeit sleep")
LABELS = words(
    "row name label test tests experiment scenario tool configuration config setup variant case deployment framework "
    "libelle etiqueta szenario bezeichnung konfiguration nom escenario system description "
    "title target service endpoint url path run"
)
PHRASES = {
    "n": "users", "c": "users", "x": "rps", "z": "think", "count": "requests", "time taken": "duration",
    "concurrency level": "users", "wait time": "think", "run time": "duration", "test time": "duration",
    "total time": "duration", "ramp": "ramp", "ramp up": "ramp", "rampup": "ramp", "ramp up time": "ramp",
    "ramp time": "ramp", "spawn rate": "spawn_rate", "hatch rate": "spawn_rate", "min wait": "think_low",
    "max wait": "think_high", "r": "mean", "time per request": "mean",
    "time taken for tests": "duration", "time taken for test": "duration",
}  # fmt: skip
"""Heads that have a meaning as a whole."""
